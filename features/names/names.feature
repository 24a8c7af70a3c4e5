Feature: Names of boot files and cfg files

  @FIP-NAME-001 @must @grade-A @needs-publish @each-protocol
  Scenario: The MAC-Oriented boot file is served under its exact name
    Guide, "Creating MAC-Oriented Boot File": "It uses the 12-digit MAC address of the IP phone as the file name."
    Given the server publishes
      | file       | content                     |
      | <mac>.boot | include:config <canary.cfg> |
    When "<mac>.boot" is requested
    Then it is there

  @FIP-NAME-002 @must @grade-A @needs-publish @each-protocol
  Scenario: The common boot file is served to a phone that has none of its own
    Guide, "Editing Common Boot File": "The common boot file is effective for all phones."
    The name has twelve zeros: the guide's capture shows the length of the request.
    Given the server publishes
      | file               | content                     |
      | y000000000000.boot | include:config <canary.cfg> |
    When "y000000000000.boot" is requested
    Then it is there

  @FIP-NAME-003 @must @grade-A @needs-publish @each-protocol
  Scenario: The MAC-Oriented CFG file is served under its exact name
    Guide, "Editing MAC-Oriented CFG File": "The MAC-Oriented CFG file is only effective for the specific phone. It uses the 12-digit MAC address of the IP phone as the file name."
    Given the server publishes
      | file              | content                  |
      | y000000000000.cfg | lang.gui=English         |
      | <mac>.cfg         | account.1.label=<canary> |
    When "<mac>.cfg" is requested
    Then it is there

  @FIP-NAME-004 @must @grade-A @needs-publish @each-protocol
  Scenario: The Common CFG file is served
    Guide, "Editing Common CFG File": "The Common CFG file is effective for all phones."
    The name has twelve zeros: the guide's capture shows the length of the request.
    Given the server publishes
      | file              | content                  |
      | y000000000000.cfg | lang.gui=English         |
      | <mac>.cfg         | account.1.label=<canary> |
    When "y000000000000.cfg" is requested
    Then it is there

  @FIP-NAME-005 @must @grade-A @needs-publish @each-protocol
  Scenario Outline: A cfg file of any name is served: <file>
    Guide, "Obtaining Template Files": "You can create and name as many configuration files as you want (for example, account.cfg, sip.cfg, features.cfg) to cooperate with the boot file."
    Given the server publishes
      | file   | content           |
      | <file> | lang.gui=<canary> |
    When "<file>" is requested
    Then it is there

    Examples:
      | file         |
      | account.cfg  |
      | sip.cfg      |
      | features.cfg |

  @FIP-NAME-006 @must @grade-A @needs-publish @each-protocol
  Scenario: A file whose name has capitals is served under that name
    Guide, "Creating MAC-Oriented Boot File": "the MAC-Oriented boot file has to be named as 0021f2000001.boot(case-sensitive)"
    Given the server publishes
      | file          | content                  |
      | FrontDesk.cfg | account.1.label=<canary> |
    When "FrontDesk.cfg" is requested
    Then it is served

  @FIP-NAME-007 @may @grade-A @needs-publish @each-protocol
  Scenario: A name that differs only in capital letters is another name
    Guide, "Creating MAC-Oriented Boot File": "the MAC-Oriented boot file has to be named as 0021f2000001.boot(case-sensitive)"
    The guide's own Windows servers fold case, so this only informs.
    Given the server publishes
      | file          | content                  |
      | FrontDesk.cfg | account.1.label=<canary> |
    When "frontdesk.cfg" is requested
    Then what was published as "FrontDesk.cfg" does not come

  @FIP-NAME-008 @should @grade-B @needs-publish @each-protocol
  Scenario: A long name is served
    RFC 2347, "Packet Formats": "The maximum size of a request packet is 512 octets."
    Given the server publishes
      | file                                                                                                 | content                  |
      | configuration-of-the-telephones-in-the-reception-hall-and-all-meeting-rooms-of-the-ground-floor-the-first-floor-and-the-second-floor-of-the-main-building.cfg | account.1.label=<canary> |
    When "configuration-of-the-telephones-in-the-reception-hall-and-all-meeting-rooms-of-the-ground-floor-the-first-floor-and-the-second-floor-of-the-main-building.cfg" is requested
    Then it is served

  @FIP-NAME-030 @should @grade-A @needs-phones @each-protocol
  Scenario Outline: A common file is not only there as <wrong>
    Guide, "Managing Boot Files": "Common boot file(y000000000000.boot)"
    The guide misprints the common names elsewhere, with 11, 13 or 15 zeros, and people copy that. Phones ask for twelve.
    When a phone asks for "<wrong>" beside "<right>"
    Then the first is not there without the second

    Examples:
      | wrong                | right              |
      | y00000000000.boot    | y000000000000.boot |
      | y0000000000000.boot  | y000000000000.boot |
      | y00000000000.cfg     | y000000000000.cfg  |
      | y0000000000000.cfg   | y000000000000.cfg  |
      | y000000000000000.cfg | y000000000000.cfg  |
