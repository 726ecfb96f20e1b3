local t = require "check"

t.run(function()
	t.same(uri.parse("http://example.org"),
	    {scheme = "http", host = "example.org", port = 80, path = ""},
	    "the least")
	t.same(uri.parse("HTTPS://me:pw@WWW.Example.ORG.:8443/a/B%20c?q=1&r#top"),
	    {scheme = "https", user_info = "me:pw", host = "www.example.org",
	     port = 8443, path = "/a/B%20c", query = "q=1&r", fragment = "top"},
	    "everything")
	t.same(uri.parse("mailto:a@example.org"),
	    {scheme = "mailto", path = "a@example.org"}, "no host")
	t.same(uri.parse("http://[2001:DB8::1]:81/?"),
	    {scheme = "http", host = "2001:db8::1", port = 81, path = "/",
	     query = ""}, "IPv6, and an empty query")
	t.same(uri.parse("http://%65xample.org:/x"),
	    {scheme = "http", host = "example.org", port = 80, path = "/x"},
	    "an escape in the host, an empty port")
	t.is(uri.parse("http://a@b@c/").host, "c", "the host is behind the last @")
	t.is(uri.parse("http://b\xc3\xbccher.example/").host,
	    "b\xc3\xbccher.example", "octets that are not ASCII")
	t.is(uri.parse("gopher://x/").port, nil, "an unknown scheme has no port")
	t.is(uri.parse("file:///etc/passwd").host, "", "an empty host")
	for _, bad in ipairs{"", "example.org", "//example.org/", "1http://x/",
	    "http://a b/", "http://a\r\nb/", "http://a:70000/", "http://a:8x/",
	    "http://[::1/", "http://[x]/", "http://[127.0.0.1]/",
	    "http://[::1]x/", "http://a<b/", "http://%zz/", "http://a/%2",
	    ":x", "http://a\0/"} do
		t.fails("not a URI", string.format("%q", bad), uri.parse(bad))
	end
	t.raises("bad argument #1 to 'smtpe.uri.parse'", "nil", uri.parse)

	t.is(uri.encode("a b/c?\xc3\xbc-._~Z9"), "a%20b%2Fc%3F%C3%BC-._~Z9",
	    "encode")
	t.is(uri.encode(""), "", "encode nothing")
	t.is(uri.decode("a%20b%2fc+d"), "a b/c+d", "decode")
	t.is(uri.decode("%00"), "\0", "decode a NUL")
	for _, bad in ipairs{"%", "%2", "%2x", "%%41", "a%"} do
		t.fails("hexadecimal", "decode " .. bad, uri.decode(bad))
	end
	local all = {}
	for i = 0, 255 do
		all[i + 1] = string.char(i)
	end
	all = table.concat(all)
	t.is(uri.decode(uri.encode(all)), all, "every octet")
	t.raises("bad argument #1 to 'smtpe.uri.encode'", "encode nil", uri.encode)
	t.raises("bad argument #1 to 'smtpe.uri.decode'", "decode a table",
	    uri.decode, {})
end)
