local t = require "check"

t.run(function()
	-- RFC 4648 10
	for plain, coded in pairs{
		[""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v",
		foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy",
	} do
		t.is(base64.encode(plain), coded, "encode " .. plain)
		t.is(base64.decode(coded), plain, "decode " .. coded)
	end
	local all = {}
	for i = 0, 255 do
		all[i + 1] = string.char(i)
	end
	all = table.concat(all):rep(100)
	t.is(base64.decode(base64.encode(all)), all, "every octet, 25 KiB")
	t.is(base64.encode(12), "MTI=", "a number is its text")
	t.is(base64.decode(("Zm9v\r\nYmFy"):gsub("%s", "")), "foobar",
	    "gsub's second result does no harm")

	for _, bad in ipairs{"Zg", "Zg=", "Zg===", "=", "Zm9v\n", " Zg==",
	    "Z=g=", "Zh==", "Zm-_", "Zg==Zg==", "\0\0\0\0"} do
		t.fails("not base64", "decode " .. string.format("%q", bad),
		    base64.decode(bad))
	end
	t.raises("bad argument #1 to 'smtpe.base64.encode'", "encode nil",
	    base64.encode)
	t.raises("bad argument #1 to 'smtpe.base64.decode'", "decode a table",
	    base64.decode, {})
end)
