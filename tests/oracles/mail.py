"""Reads mails as Python's own mail library does: one JSON object for each file named."""

import email
import email.policy
import hashlib
import json
import sys

for path in sys.argv[1:]:
    with open(path, "rb") as file:
        raw = file.read()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert not message.defects, message.defects
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    for part in message.walk():
        assert not part.defects, part.defects
    lines = raw.split(b"\r\n")
    print(json.dumps({
        "from": [[one.display_name, one.addr_spec] for one in message["From"].addresses],
        "to": [[one.display_name, one.addr_spec] for one in message["To"].addresses],
        "headers": [name for name, _ in message.items()],
        "subject": message["Subject"],
        "id": message["Message-ID"],
        "date": message["Date"].datetime.isoformat(),
        "text": plain.get_content(),
        "html": html.get_content() if html else None,
        "attachments": [
            {
                "name": one.get_filename(),
                "type": one.get_content_type(),
                "sha256": hashlib.sha256(one.get_content() if isinstance(one.get_content(), bytes)
                                         else one.get_content().encode()).hexdigest(),
            }
            for one in message.iter_attachments()
        ],
        "longest_line": max(len(line) for line in lines),
        "is_ascii": raw.isascii(),
        "bare_line_ends": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
    }))
