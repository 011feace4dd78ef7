"""Sign in to Google Cloud, for Vertex AI."""

from candela_tui.credentials.google.sign_in import GoogleSignIn
from candela_tui.providers.identity import Provider
from candela_tui.providers.vertex.sign_in.place import VertexPlace

SIGN_IN = GoogleSignIn(Provider.VERTEX, VertexPlace()).sign_in()
