Feature: Files that are not there

  A phone asks for four files and more of which most are missing: it goes on only where it is told so.

  @FIP-MISS-001 @must @grade-A @each-protocol
  Scenario Outline: The request of a missing <file> gets an answer
    Guide, "DHCP Option66": "Error Code, Code: File not found, Message: File not found"
    When a phone that has no files asks for "<file>"
    Then it gets an answer

    Examples:
      | file               |
      | <mac>.boot         |
      | y000000000000.boot |
      | y000000000000.cfg  |
      | <mac>.cfg          |
      | included.cfg       |
      | contacts.xml       |

  @FIP-MISS-002 @must @grade-A @each-protocol
  Scenario Outline: A missing <file> is not an empty file
    Guide, "DHCP Option66": "Error Code, Code: File not found, Message: File not found"
    When a phone that has no files asks for "<file>"
    Then it gets no empty file

    Examples:
      | file               |
      | <mac>.boot         |
      | y000000000000.boot |
      | y000000000000.cfg  |
      | <mac>.cfg          |
      | included.cfg       |
      | contacts.xml       |

  @FIP-MISS-003 @must @grade-A @each-protocol
  Scenario Outline: In the place of a missing <file> nothing else comes
    Guide, "DHCP Option66": "Error Code, Code: File not found, Message: File not found"
    A page that says so in words, with the status of success, is a file to a phone.
    When a phone that has no files asks for "<file>"
    Then it gets no other content

    Examples:
      | file               |
      | <mac>.boot         |
      | y000000000000.boot |
      | y000000000000.cfg  |
      | <mac>.cfg          |
      | included.cfg       |
      | contacts.xml       |

  @FIP-MISS-004 @must @grade-B @depends-on_failure @each-protocol
  Scenario Outline: The answer for a missing <file> says that there is no such file
    RFC 1350, "Appendix", Error Codes: "1         File not found."
    FTP says 550 (RFC 959 §4.2), HTTP 404 or 410 (RFC 9110 §15.5). Anything else ends the phone's pass.
    When a phone that has no files asks for "<file>"
    Then the answer is that there is no such file

    Examples:
      | file               |
      | <mac>.boot         |
      | y000000000000.boot |
      | y000000000000.cfg  |
      | <mac>.cfg          |
      | included.cfg       |
      | contacts.xml       |

  @FIP-MISS-005 @must @grade-A @needs-publish @each-protocol
  Scenario: After three missing files the fourth is served
    Guide, "DHCP Option66": "Flyingvoice phones can obtain the provisioning server address by detecting DHCP option 66 during startup."
    The guide's capture shows how a phone asks on after each miss.
    Given the server publishes
      | file      | content           |
      | <mac>.cfg | lang.gui=<canary> |
    When the phone provisions
    Then after the missing files it was given "<mac>.cfg"

  @FIP-MISS-006 @must @grade-B @needs-publish @each-protocol
  Scenario: A file in a folder that is not there is missing too
    RFC 1350, "Appendix", Error Codes: "1         File not found."
    Given the server publishes
      | file      | content           |
      | <mac>.cfg | lang.gui=<canary> |
    When "no-such-folder/sip.cfg" is requested
    Then the answer is that there is no such file, as for others

  @FIP-MISS-007 @should @grade-A @needs-publish @each-protocol
  Scenario: The MAC alone is not taken for one of the phone's files
    Guide, "DHCP Option66": "The following figure indicates the phone obtain the provision server's address by detecting DHCP option 66."
    The figure shows that such a phone asks for its MAC alone before all else. What comes then would be the last file it asks for.
    Given the server publishes
      | file       | content                     |
      | <mac>.boot | include:config <canary.cfg> |
      | <mac>.cfg  | lang.gui=<canary>           |
    When "<mac>" is requested
    Then what was published as "<mac>.boot" does not come
    And what was published as "<mac>.cfg" does not come
