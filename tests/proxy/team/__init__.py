"""Tests of the sign-in of people."""
