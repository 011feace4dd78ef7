"""The forms of names that become part of a host or URL, which then receives credentials."""

import re

AWS_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
FOUNDRY_RESOURCE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
GOOGLE_LOCATION = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
GOOGLE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?")
"""A project, or a location or workspace of Claude on Google Cloud."""
