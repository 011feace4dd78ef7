"""The dashboard in a browser: its page, who may open it, and a dashboard process for each tab."""
