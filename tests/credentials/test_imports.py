import subprocess
import sys


def test_the_clouds_sdks_are_loaded_only_when_they_are_needed() -> None:
    program = """
import sys
import candela_tui.credentials.aws, candela_tui.credentials.google, candela_tui.credentials.sigv4
import candela_tui.credentials.sign_in.google
heavy = ("botocore", "google.auth", "google_auth_oauthlib", "oauthlib", "requests")
print([name for name in heavy if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout.strip() == "[]"
