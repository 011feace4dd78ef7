"""The providers that run Claude: how to send requests to each, and with which credentials."""
