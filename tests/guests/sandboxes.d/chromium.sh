# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The picture of a page, as a checksum. A program of the page draws it, in a process behind all that there is.
cd "$HOME" || exit 1
cat >page.html <<'PAGE'
<html><body style="background: #fff"><h1>Behind glass</h1><canvas id="c" width="200" height="100"></canvas><script>
const c = document.getElementById("c").getContext("2d");
for (let i = 0; i < 10; i++) { c.fillStyle = `rgb(${i * 25}, 0, ${250 - i * 25})`; c.fillRect(i * 20, 0, 20, 100); }
</script></body></html>
PAGE
set --
[ "$SIDE" = proot ] || set -- --no-sandbox
rm -f picture.png
chromium --headless --disable-gpu "$@" --user-data-dir="$HOME/data-$SIDE" --screenshot="$HOME/picture.png" --window-size=400,300 \
	"file://$HOME/page.html" >log 2>&1
status=$?
sha256sum picture.png
rm -rf "$HOME/data-$SIDE"
exit $status
