Feature: Names that lead out of the folder

  @FIP-NAME-020 @must @grade-A @needs-intrusive @each-protocol
  Scenario Outline: A name that climbs gets nothing of the machine's: <name>
    RFC 9110 §17.3, "Attacks Based on File and Path Names"
    When somebody asks for "<name>" just as it is written
    Then no file of the server's own machine comes

    Examples:
      | name                                                      |
      | <folder>../../../../../../../../../../etc/passwd          |
      | <folder>././../.././../../../../../../../../../etc/passwd |
      | <folder>../../../../../../../../../../windows/win.ini     |

  @FIP-NAME-021 @must @grade-A @needs-intrusive @needs-tftp @needs-ftp @each-protocol
  Scenario Outline: A name from the machine's root gets nothing of the machine's: <name>
    RFC 1350, "Security Considerations": "Since TFTP includes no login or access control mechanisms, care must be taken in the rights granted to a TFTP server process so as not to violate the security of the server hosts file system."
    When somebody asks for "<name>" just as it is written
    Then no file of the server's own machine comes

    Examples:
      | name               |
      | /etc/passwd        |
      | //etc/passwd       |
      | c:/windows/win.ini |

  @FIP-NAME-022 @must @grade-A @needs-intrusive @each-protocol
  Scenario Outline: An escaped name that climbs gets nothing of the machine's: <name>
    RFC 9110 §17.3, "Attacks Based on File and Path Names"
    RFC 3986 §2.1: %2e is a dot and %2f a slash, once they are decoded.
    When somebody asks for "<name>" just as it is written
    Then no file of the server's own machine comes

    Examples:
      | name                                                                       |
      | <folder>%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd |
      | <folder>..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd          |
      | <folder>%252e%252e/%252e%252e/%252e%252e/%252e%252e/%252e%252e/etc/passwd  |
      | <folder>%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd     |

  @FIP-NAME-023 @must @grade-A @needs-intrusive @each-protocol
  Scenario Outline: A name that climbs by backslashes gets nothing of the machine's: <name>
    RFC 9110 §17.3, "Attacks Based on File and Path Names"
    To some systems, the guide's Windows among them, a backslash is a slash.
    When somebody asks for "<name>" just as it is written
    Then no file of the server's own machine comes

    Examples:
      | name                                                     |
      | <folder>..\\..\\..\\..\\..\\..\\..\\..\\windows\\win.ini |
      | <folder>..\\..\\..\\..\\..\\..\\..\\..\\etc\\passwd      |
      | <folder>..%5c..%5c..%5c..%5c..%5c..%5c..%5cetc%5cpasswd  |
