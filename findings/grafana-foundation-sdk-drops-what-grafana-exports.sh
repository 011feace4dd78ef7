#!/usr/bin/env bash
# grafana-foundation-sdk 1769699998!10.1.0 (Grafana's own types): a dashboard that is read with `Dashboard.from_json` and
# written again lacks fields that Grafana 10 itself writes, without an error or a warning. `__inputs` and `__requires` are
# what an export "for sharing externally" has, so that an import asks for the data source; `definition` is what the editor
# shows of a query variable. An export that is changed this way is imported with its ${DS_…} left as they are.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check 'grafana-foundation-sdk==1769699998!10.1.0'

"$work/venv/bin/python" - <<'PYTHON'
import json

from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

plugins.register_default_plugins()
source = {"name": "DS_PROMETHEUS", "type": "datasource", "pluginId": "prometheus", "pluginName": "Prometheus"}
query = "label_values(up, job)"
variable = {"name": "job", "type": "query", "query": {"query": query}, "definition": query}
exported = {
    "__inputs": [{**source, "label": "Prometheus", "description": ""}],
    "__requires": [{"type": "grafana", "id": "grafana", "name": "Grafana", "version": "10.1.0"}],
    "title": "Up", "uid": "up", "schemaVersion": 38, "editable": True, "panels": [],
    "templating": {"list": [variable]},
}
again = json.loads(json.dumps(Dashboard.from_json(json.loads(json.dumps(exported))), cls=JSONEncoder))
lost = sorted(set(exported) - set(again))
lost_of_variable = sorted(set(variable) - set(again["templating"]["list"][0]))
print("lost of the dashboard:", lost, "- lost of the variable:", lost_of_variable)
assert (again["title"], again["uid"]) == ("Up", "up")
assert lost == ["__inputs", "__requires"]
assert lost_of_variable == ["definition"]
PYTHON
