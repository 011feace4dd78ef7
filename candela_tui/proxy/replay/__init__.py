"""Sending a recorded request again, with candela's own credentials."""
