"""Claude on Amazon Bedrock."""
