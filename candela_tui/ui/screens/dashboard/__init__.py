"""The first screen: sessions, their requests and totals."""
