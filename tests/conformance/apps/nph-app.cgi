#!/usr/bin/env python3
"""A script that writes its whole answer, status line and all (RFC 3875 §5)."""

import sys

sys.stdout.write("HTTP/1.1 299 As I Say\r\nContent-Type: text/plain\r\nX-Own: yes\r\nContent-Length: 3\r\n\r\nnph")
