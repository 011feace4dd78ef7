"""Bedrock's endpoint for the Messages API."""
