import subprocess
import sys


def test_the_clouds_sdks_are_loaded_only_when_they_are_needed() -> None:
    program = """
import sys
import candela_tui.providers.registry
from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to
for provider in Provider:
    sign_in_to(provider)
heavy = ("azure", "botocore", "google.auth", "google_auth_oauthlib", "msal", "oauthlib", "requests")
print([name for name in heavy if name in sys.modules])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert ran.stdout.strip() == "[]"
