package faulty

// encodingFaults are about characters, their encoding, and line ends.
func encodingFaults() []spec {
	return []spec{
		{"reencoded-latin1", "tftp http", Reencoded, "FIP-CONT-007",
			"UTF-8 text is sent as Latin-1: strings with an encoding of the system's", changing(text, toLatin1)},
		{"reencoded-twice", "http ftp", Reencoded, "FIP-CONT-007",
			"UTF-8 text is taken for Latin-1 and encoded once more: databases", changing(text, fromLatin1)},
		{"reencoded-question-marks", "ftp tftp", Reencoded, "FIP-CONT-007",
			"question marks in the place of what is not ASCII", changing(cfg, toASCII)},
		{"reencoded-utf16", "https http", Reencoded, "FIP-CONT-007",
			"cfg files in UTF-16: saved by an editor of Windows", changing(cfg, toUTF16)},
		{"reencoded-xml", "http tftp", Reencoded, "FIP-CONT-007",
			"XML files as Latin-1", changing(xml, toLatin1)},
		{"marked", "tftp http", Marked, "FIP-CONT-005",
			"a byte order mark before text files: editors of Windows", changing(text, prefix("\ufeff"))},
		{"marked-boot", "ftp https", Marked, "FIP-CONT-005",
			"a byte order mark before boot files", changing(boot, prefix("\ufeff"))},
		{"unmarked", "http tftp", Marked, "FIP-CONT-005",
			"a byte order mark of the file is taken away: libraries that decode", changing(text, unmark)},
		{"line-ends-crlf", "tftp ftp http", LineEnds, "FIP-CONT-006",
			"LF becomes CR LF: text mode", changing(every, toCRLF)},
		{"line-ends-lf", "https ftp", LineEnds, "FIP-CONT-006",
			"CR LF becomes LF: libraries that read lines", changing(text, toLF)},
		{"line-ends-boot", "tftp http", LineEnds, "FIP-CONT-006",
			"LF becomes CR LF in boot files", changing(boot, toCRLF)},
		{"line-ends-cr", "ftp", LineEnds, "FIP-CONT-006",
			"CR LF becomes LF in all files: FTP servers in ASCII mode on Unix", changing(every, toLF)},
		{"escaped", "http tftp", Reencoded, "FIP-CONT-013",
			"< and & become HTML entities: templates with automatic escaping", changing(text, escapeHTML)},
		{"escaped-boot", "https ftp", Reencoded, "FIP-CONT-013", "as escaped, in boot files only", changing(boot, escapeHTML)},
	}
}

// otherContentFaults are about compression and order.
func otherContentFaults() []spec {
	return []spec{
		{"compressed", "http https", Compressed, "FIP-CONT-008",
			"gzip, told in Content-Encoding, though nobody asked for it: a proxy that compresses everything", gzipped(every, "gzip")},
		{"compressed-untold", "http ftp tftp", Compressed, "FIP-CONT-008",
			"gzip without a word: files are stored compressed", gzipped(every, "")},
		{"compressed-boot", "https http", Compressed, "FIP-CONT-008",
			"boot files alone are compressed", gzipped(boot, "gzip")},
		{"compressed-xml", "http tftp", Compressed, "FIP-CONT-008",
			"XML files alone are compressed: a list of types", gzipped(xml, "gzip")},
		{"compressed-deflate", "http", Compressed, "FIP-CONT-008",
			"deflate, though nobody asked for it", deflated},
		{"reordered-settings", "http tftp", Reordered, "FIP-CONT-017",
			"the lines of cfg files are sorted: a map that is printed", changing(cfg, sortLines)},
		{"reordered-includes", "ftp https tftp", Reordered, "FIP-CONT-017",
			"the includes of boot files come in reverse: a stack", changing(boot, reverseLines)},
		{"reordered-chunks", "http ftp", Reordered, "FIP-CONT-009",
			"two pieces of 4 KiB are swapped in files that are longer: workers that write side by side", changing(every, swapChunks)},
	}
}
