"""The first screen: sessions, their requests, totals."""
