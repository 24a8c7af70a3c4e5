Feature: Files come as they are published

  @FIP-CONT-001 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: A file of <size> comes
    Guide, "Downloading Boot, Configuration and Resource Files": "the phone will request to download the boot files and configuration files from the provisioning server"
    Given the server publishes a file of <size>
    When that file is requested
    Then it comes

    Examples:
      | size         |
      | 1 byte       |
      | 511 bytes    |
      | 512 bytes    |
      | 513 bytes    |
      | 1024 bytes   |
      | 65,535 bytes |
      | 1 MiB        |
      | 513 bytes named as a boot file |
      | 513 bytes named as a phonebook |

  @FIP-CONT-002 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: A file of <size> is not cut short
    RFC 1350 §2: "A data packet of less than 512 bytes signals termination of a transfer."
    FTP ends a file with its data connection and a 226 (RFC 959 §3.4.1), HTTP by its length (RFC 9112 §6.3).
    Given the server publishes a file of <size>
    When that file is requested
    Then no piece of it is missing

    Examples:
      | size         |
      | 1 byte       |
      | 511 bytes    |
      | 512 bytes    |
      | 513 bytes    |
      | 1024 bytes   |
      | 65,535 bytes |
      | 1 MiB        |
      | 513 bytes named as a boot file |
      | 513 bytes named as a phonebook |

  @FIP-CONT-003 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: Nothing is added to a file of <size>
    RFC 1350 §2: "A data packet of less than 512 bytes signals termination of a transfer."
    Given the server publishes a file of <size>
    When that file is requested
    Then nothing is added to it

    Examples:
      | size         |
      | 0 bytes      |
      | 1 byte       |
      | 511 bytes    |
      | 512 bytes    |
      | 513 bytes    |
      | 1024 bytes   |
      | 65,535 bytes |
      | 513 bytes named as a boot file |
      | 513 bytes named as a phonebook |

  @FIP-CONT-004 @must @grade-B @needs-publish @each-protocol
  Scenario: An empty file is there
    RFC 1350 §6: "The end of a transfer is marked by a DATA packet that contains between 0 and 511 bytes of data"
    Given the server publishes a file of 0 bytes
    When that file is requested
    Then it comes

  @FIP-CONT-005 @must @grade-B @needs-publish @each-protocol
  Scenario Outline: No byte order mark is added or taken away: <file>
    RFC 3629 §6, "Byte order mark (BOM)"
    A file without the mark needs none, and one that has it is not to lose it.
    Given the server publishes <file>
    When that file is requested
    Then no byte order mark is added to it or taken away

    Examples:
      | file                                          |
      | a cfg file without a byte order mark          |
      | a boot file without a byte order mark         |
      | a cfg file that begins with a byte order mark |

  @FIP-CONT-006 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: Line ends are not converted: <file>
    RFC 1350 §1: "raw 8 bit bytes"
    A phone asks TFTP for octet mode and FTP for type I; HTTP has no text mode.
    Given the server publishes <file>
    When that file is requested
    Then its lines end as published

    Examples:
      | file                             |
      | a cfg file with LF line ends     |
      | a cfg file with CR LF line ends  |
      | a boot file with CR LF line ends |
      | a boot file with LF line ends    |

  @FIP-CONT-007 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: Characters are not encoded anew: <file>
    RFC 1350 §1: "raw 8 bit bytes"
    Given the server publishes <file>
    When that file is requested
    Then its characters are encoded as published

    Examples:
      | file                 |
      | a cfg file in UTF-8  |
      | a phonebook in UTF-8 |

  @FIP-CONT-008 @must @grade-B @needs-publish @each-protocol
  Scenario Outline: A file is not compressed: <file>
    RFC 9110 §12.5.3: "If the representation has no content coding, then it is acceptable by default unless specifically excluded by the Accept-Encoding header field"
    A phone sends no Accept-Encoding and unpacks nothing: libcurl, which its requests are those of, does not either.
    Given the server publishes <file>
    When that file is requested
    Then it is not compressed

    Examples:
      | file                        |
      | a cfg file that packs well  |
      | a boot file that packs well |
      | a phonebook that packs well |

  @FIP-CONT-009 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: The pieces of a file of <size> come in order
    RFC 1350 §2: "Each data packet contains one block of data, and must be acknowledged by an acknowledgment packet before the next packet can be sent."
    Given the server publishes a file of <size>
    When that file is requested
    Then its pieces are in order

    Examples:
      | size         |
      | 513 bytes    |
      | 1024 bytes   |
      | 65,535 bytes |
      | 1 MiB        |

  @FIP-CONT-010 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: Every byte comes as it is: <file>
    RFC 1350 §1: "raw 8 bit bytes"
    Given the server publishes <file>
    When that file is requested
    Then its bytes are those that were published

    Examples:
      | file                       |
      | a firmware with every byte |
      | a file of 513 bytes        |
      | a file of 65,535 bytes     |
      | a file of 1 MiB            |

  @FIP-CONT-011 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: No line is left out: <file>
    Guide, "Editing Common Boot File": "You can use "#" to make any comment in the boot file."
    Given the server publishes <file>
    When that file is requested
    Then no line of it is left out

    Examples:
      | file                      |
      | a boot file with comments |
      | a cfg file with comments  |

  @FIP-CONT-012 @should @grade-C @needs-publish @each-protocol
  Scenario: White space is not changed
    RFC 1350 §1: "raw 8 bit bytes"
    Given the server publishes a cfg file with blanks
    When that file is requested
    Then its white space is as published

  @FIP-CONT-013 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: Angle brackets, quotation marks and ampersands come as they are: <file>
    Guide, "Editing Common Boot File": "The URL in <> or "" supports the following two forms:"
    Given the server publishes <file>
    When that file is requested
    Then none of its characters is replaced by HTML entity

    Examples:
      | file                                                |
      | a boot file with angle brackets and quotation marks |
      | a cfg file with angle brackets and ampersands       |

  @FIP-CONT-014 @should @grade-C @needs-publish @each-protocol
  Scenario: What looks like a placeholder is not filled in
    Guide, "Creating a New CFG File": "Save the changes and close the CFG file."
    Given the server publishes a cfg file with placeholders
    When that file is requested
    Then its placeholders are as published

  @FIP-CONT-015 @must @grade-B @needs-publish @each-protocol
  Scenario Outline: Who asks for a file of <size> twice gets the same twice
    Guide, "Repeatedly": "The IP phone performs the auto provisioning at regular intervals."
    Given the server publishes a file of <size>
    When that file is requested
    And it is requested once more
    Then the same comes as before

    Examples:
      | size         |
      | 513 bytes    |
      | 65,535 bytes |

  @FIP-CONT-016 @must @grade-A @needs-publish @needs-ftp @needs-http @needs-https @each-protocol @big
  Scenario: A file of 33 MiB comes whole
    Guide, "Editing Common CFG File": "the common CFG includes the configuration parameters for all phones, such as firmware upgrade, phonebook, and volume settings."
    FTP ends a file with its data connection and a 226 (RFC 959 §3.4.1), HTTP by its length (RFC 9112 §6.3): neither has a greatest size.
    Given the server publishes a file of 33 MiB
    When that file is requested
    Then it comes as it is published

  @FIP-CONT-017 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: Lines are not put into another order: <file>
    Guide, "Editing Common Boot File": "The CFG files are downloaded in the order listed (top to bottom)."
    Given the server publishes <file>
    When that file is requested
    Then its lines are in order

    Examples:
      | file                                         |
      | a cfg file whose settings follow no order    |
      | a boot file whose includes follow no order   |

  @FIP-CONT-018 @must @grade-A @needs-publish @each-protocol
  Scenario: A long line comes in one piece
    Guide, "Editing Common CFG File": "Set only one configuration parameter per line."
    Given the server publishes a cfg file with a long line
    When that file is requested
    Then its long line is in one piece
