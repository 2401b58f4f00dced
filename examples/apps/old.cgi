#!/bin/sh
# A CGI script: says what it was asked for, and gives back what it was sent.
printf 'Content-Type: text/plain\n\n'
echo "old: $REQUEST_METHOD $SCRIPT_NAME, then $PATH_INFO, for ${REMOTE_USER-nobody}"
exec cat
