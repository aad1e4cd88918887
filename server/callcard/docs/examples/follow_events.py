"""Print what happens in the contact centre, without gaps.

Usage: python follow_events.py URL API-KEY
"""

import json
import sys
import time

import httpx

url, key = sys.argv[1:3]
after = ""  # keep it in a file to go on after a restart of this program

with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=40) as http:
    while True:
        try:
            answer = http.get(f"{url}/api/v1/events", params={"after": after, "wait": 25})
            if answer.status_code == 410:  # we were away for too long: read everything anew
                after = answer.json()["next"]
                continue
            answer.raise_for_status()
        except httpx.HTTPError as error:
            print(error, file=sys.stderr)
            time.sleep(2)
            continue
        content = answer.json()
        for event in content["events"]:
            print(event["type"], json.dumps(event["data"]), flush=True)
        after = content["next"]
