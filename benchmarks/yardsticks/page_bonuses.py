"""Bare httpx: reads the whole list of issued bonuses, page by page. Arguments: ENDPOINT."""

import sys

import httpx

with httpx.Client(base_url=sys.argv[1], headers={"Authorization": "OAuth any"}, timeout=30) as client:
    after, more = "", True
    while more:
        page = client.get(f"/api/v1/user-bonuses?sort=id&limit=300{after}").raise_for_status().json()
        more = page["has_more"]
        if page["items"]:
            after = f"&id_gt={page['items'][-1]['id']}"
