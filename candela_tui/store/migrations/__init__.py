"""Scripts that bring a store from one revision of its schema to the next."""
