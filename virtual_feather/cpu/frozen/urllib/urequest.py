"""urllib.urequest: fetch a page."""

import socket


def urlopen(url, data=None, method="GET"):
    """The response's body as a stream. Raises OSError, ValueError for another scheme and for a chunked answer."""
    if data is not None and method == "GET":
        method = "POST"
    scheme, _, host, path = (url.split("/", 3) + [""])[:4]
    if scheme not in ("http:", "https:"):
        raise ValueError("Unsupported protocol: " + scheme)
    secure = scheme == "https:"
    host, port = (host + ":").split(":")[:2]
    stream = socket.socket()
    try:
        stream.connect(socket.getaddrinfo(host, int(port) if port else 443 if secure else 80)[0][-1])
        if secure:
            import ssl

            stream = ssl.wrap_socket(stream, server_hostname=host)
        stream.write("%s /%s HTTP/1.0\r\nHost: %s\r\n" % (method, path, host))
        if data:
            stream.write("Content-Length: %d\r\n" % len(data))
        stream.write("\r\n")
        if data:
            stream.write(data)
        status = int(stream.readline().split(None, 2)[1])
        while True:
            line = stream.readline()
            if not line or line == b"\r\n":
                break
            if line.startswith(b"Transfer-Encoding:") and b"chunked" in line:
                raise ValueError("Unsupported " + str(line, "utf-8"))
            if line.startswith(b"Location:") and 300 < status < 400:
                raise NotImplementedError("Redirects not yet supported")
    except BaseException:
        stream.close()
        raise
    return stream
