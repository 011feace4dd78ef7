"""Where candela keeps its user's secrets: the keyring of the operating system, else a file under a passphrase."""
