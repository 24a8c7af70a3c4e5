package faulty

import "slices"

// nameFaults are about which file a name leads to.
func nameFaults() []spec {
	return slices.Concat(characterFaults(), lookupFaults(), phoneFaults())
}

// characterFaults are about characters of names.
func characterFaults() []spec {
	return []spec{
		{"name-space-cut", "tftp ftp http", Names, "FIP-NAME-010",
			"a name ends at its first space: a request that is split into words", renaming(cutAtSpace)},
		{"name-space-folder", "tftp http", Names, "FIP-INC-002",
			"a folder whose name has a space is not found", renaming(cutFolderAtSpace)},
		{"name-percent-decoded", "http https tftp ftp", Names, "FIP-NAME-012",
			"a name is decoded twice, or once where it is not encoded at all", renaming(decodeAgain)},
		{"name-percent-refused", "http ftp", Names, "FIP-NAME-011",
			"a name with a percent sign is refused: filters against attacks", refusing("%")},
		{"name-utf8-mangled", "http tftp ftp", Names, "FIP-NAME-013",
			"a name in UTF-8 is taken for Latin-1", renaming(mangle)},
		{"name-utf8-refused", "https ftp", Names, "FIP-NAME-013",
			"a name that is not ASCII is refused", refusingAbove},
		{"name-plus", "http https", Names, "FIP-NAME-015",
			"a plus sign is taken for a space: the rules of forms", renaming(plusToSpace)},
		{"name-hash", "http ftp", Names, "FIP-NAME-014",
			"a name ends at its number sign: a URL that is parsed once more", renaming(cutAt1("#"))},
		{"name-question-mark", "http ftp", Names, "FIP-NAME-016",
			"a name ends at its question mark: a URL that is parsed once more", renaming(cutAt1("?"))},
		{"name-brackets", "ftp https", Names, "FIP-NAME-017",
			"brackets and stars in a name are taken for a pattern", refusing("[")},
		{"name-semicolon", "http", Names, "FIP-NAME-017",
			"a name ends at its semicolon: FTP's type=a, session ids", renaming(cutAt1(";"))},
		{"name-long", "tftp http", Names, "FIP-NAME-008",
			"a name of more than 128 bytes is cut: a field of fixed length", renaming(cutAt128)},
		{"name-lower", "tftp http", Names, "FIP-NAME-006",
			"names are looked up in lower case, in a store that is not", renaming(lower)},
	}
}

// lookupFaults are about which names are served.
func lookupFaults() []spec {
	return []spec{
		{"name-boot-gone", "tftp http", Names, "FIP-NAME-001",
			"there are no files called .boot: a list of endings that are served", ending(".boot")},
		{"name-boot-other-vendor", "http ftp", Names, "FIP-NAME-002",
			"the common boot file is served under no name but the one with 13 zeros: the guide's misprint", misprint},
		{"name-cfg-case", "tftp http", Names, "FIP-NAME-003",
			"a phone's cfg file is looked up with the MAC in capitals", renaming(upperMAC)},
		{"name-common-gone", "ftp http", Names, "FIP-NAME-004",
			"the common cfg file is looked up with 15 zeros: the guide's misprint", misprintCfg},
		{"name-listed-only", "ftp https", Names, "FIP-NAME-005",
			"only names that a pattern knows are served: those with a MAC", listedOnly},
		{"name-resource-gone", "http tftp", RefusesRequests, "FIP-RES-003",
			"only .boot, .cfg and .xml are served: a list of endings", endingsOnly},
		{"name-bare-mac", "tftp http", Names, "FIP-MISS-007",
			"the MAC alone leads to its cfg file: endings are guessed", bareMAC},
		{"name-folds-case", "tftp http", Names, "FIP-NAME-007",
			"names are compared without case: Windows", foldsCase},
		{"name-folder-flat", "ftp http", OtherPhone, "FIP-URL-002",
			"folders are passed over: the last element of a name decides", flatSecond},
		{"name-subfolder-gone", "tftp ftp", Names, "FIP-INC-001",
			"files in folders are not served: a list of the files at the top", refusingDepth(2)},
	}
}
