package faulty

// phoneFaults are about other phones, other times, and other folders.
func phoneFaults() []spec {
	return []spec{
		{"other-phone-cfg", "tftp http", OtherPhone, "FIP-CFG-003",
			"a phone without a cfg file gets that of another: a search by the maker's part of the MAC", nearest(cfg)},
		{"other-phone-boot", "ftp https", OtherPhone, "FIP-BOOT-002",
			"a phone without a boot file gets that of another: the newest of the folder", nearest(boot)},
		{"other-phone-common", "http tftp", OtherPhone, "FIP-BOOT-001",
			"the common boot file is served to everybody: a redirect that was meant for new phones", alwaysCommon},
		{"mixed-up", "tftp ftp http https", MixedUp, "FIP-MANY-001",
			"among many phones at once some get what was made for the one before: a buffer that is shared", mixedUp},
		{"mixed-up-agent", "http https", MixedUp, "FIP-MANY-001",
			"among many phones at once some get the file of one whose MAC has the same last digits: a cache by them", hashed},
		{"stale", "tftp ftp http https", Stale, "FIP-CONT-020",
			"a file is read once and served from memory for ever", stale(every)},
		{"stale-boot", "http tftp", Stale, "FIP-CONT-021", "as stale, boot files only", stale(boot)},
		{"stale-miss", "http ftp", Stale, "FIP-CONT-024",
			"that a file is not there is remembered: caches of misses", staleMiss},
		{"stale-late", "https tftp", Stale, "FIP-CONT-020",
			"a file that changed comes as it was once more: it is read again after it was sent", staleOnce},
		{"stale-gone", "http ftp", Stale, "FIP-CONT-023",
			"a file that was deleted is served from memory", staleGone},
		{"escape", "tftp ftp http https", Escape, "FIP-NAME-020",
			"names that climb lead out of the folder: paths that are joined as text", escaping(climb)},
		{"escape-absolute", "tftp ftp", Escape, "FIP-NAME-021",
			"names that begin with a slash are the machine's: the server was not locked up in its folder", escaping(absolute)},
		{"escape-encoded", "http https", Escape, "FIP-NAME-022",
			"names are checked before they are decoded", escaping(climbDecoded)},
		{"escape-twice", "http tftp", Escape, "FIP-NAME-022",
			"names are decoded once more after they were checked", escaping(climbDecodedTwice)},
		{"escape-backslash", "tftp ftp http", Escape, "FIP-NAME-023",
			"backslashes separate folders, and are not checked: Windows", escaping(climbBackslash)},
	}
}
