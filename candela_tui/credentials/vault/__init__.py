"""Store the user's secrets in the system keyring, or in a file encrypted with a passphrase."""
