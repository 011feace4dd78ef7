"""The wire formats of AWS Bedrock: event-stream frames, events, errors."""
