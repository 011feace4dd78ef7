"""Claude on Google Vertex AI."""
