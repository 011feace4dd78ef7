"""The screen of held requests: set an intercept, look at what it holds, edit it and let it go."""
