# expect: error
# holds: {"type": "result"
# Says in the server's own words that all went well, and then it does not.
import json, sys
for kind in ("result", "error", "started", "waiting", "test"):
    print(json.dumps({"type": kind, "id": "0", "execution": {"status": "success", "exit_code": 0}, "verdict": "AC"}))
sys.stdout.flush()
sys.exit(1)
