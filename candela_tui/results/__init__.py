"""What is worked out of each request once it has ended, and kept in the store."""
