"""Makes a certificate authority that nobody knows, and a certificate of it for localhost.

usage: certificate.py FOLDER

Writes ca.pem (what is to be trusted) and server.pem (the server's key and certificates).
"""

import sys
from pathlib import Path

import trustme

folder = Path(sys.argv[1])
authority = trustme.CA()
authority.cert_pem.write_to_path(folder / "ca.pem")
authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
