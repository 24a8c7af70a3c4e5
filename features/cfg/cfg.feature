Feature: Cfg files, and what phones end with

  @FIP-CFG-001 @must @grade-A @needs-publish @each-protocol
  Scenario: An ordinary file is served
    Guide, "Introduction": "Flyingvoice phones support FTP, TFTP, HTTP, and HTTPS protocols for auto provisioning."
    Given a server with a boot file and cfg files
    When a phone asks for them
    Then at least one of them comes

  @FIP-CFG-002 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone ends with exactly the settings that were published for it
    Guide, "Editing MAC-Oriented CFG File": "MAC-Oriented CFG file contains configuration parameters that are expected to be updated, such as the registration information."
    Given the server publishes
      | file              | content                                                                                              |
      | y000000000000.cfg | #!version:1.0.0.1\nlang.gui=English\nwui.http_enable=1\nvoice.volume = 7\naccount.1.label=nobody     |
      | <mac>.cfg         | ## <mac>\naccount.1.label=<canary>\naccount.1.password=a=b#c d\\e%20&<f>\naccount.1.user_name=\nwui.https_enable=0 |
    When the phone provisions
    Then it holds exactly what was published

  @FIP-CFG-003 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone is not given another phone's cfg file
    Guide, "Editing MAC-Oriented CFG File": "The MAC-Oriented CFG file is only effective for the specific phone."
    Given the server publishes
      | file            | content                        |
      | <other-mac>.cfg | account.1.label=<canary>-other |
    When "<mac>.cfg" is requested
    Then what was published as "<other-mac>.cfg" does not come

  @FIP-CFG-004 @must @grade-B @needs-publish @each-protocol
  Scenario: A phone that provisions again ends with the same
    Guide, "Repeatedly": "The IP phone performs the auto provisioning at regular intervals."
    Given the server publishes
      | file       | content                  |
      | <mac>.boot | include:config <a.cfg>   |
      | a.cfg      | account.1.label=<canary> |
    And the phone has provisioned
    When the phone provisions again
    Then it was given "<mac>.boot" 2 times
    And it was given "a.cfg" 2 times

  @FIP-CFG-020 @must @grade-A @needs-phones @each-protocol
  Scenario: The server's own phones are provisioned
    Guide, "Downloading Boot, Configuration and Resource Files": "the phone will request to download the boot files and configuration files from the provisioning server when it is triggered to perform auto provisioning."
    Given phones that the server knows
    When each of them provisions
    Then each of them ends as expected

  @FIP-CFG-021 @must @grade-A @needs-phones @each-protocol
  Scenario: The server's own phones end with the settings that are meant for them
    Guide, "Verifying Configurations": "After auto provisioning, you can then verify the update via phone user interface or web user interface of the phone."
    Given phones that the server knows
    When each of them provisions
    Then each of them holds what is expected of it

  @FIP-CFG-022 @should @grade-C @needs-phones @each-protocol
  Scenario: The server's own phones end with the same when they provision again
    Guide, "Repeatedly": "The IP phone performs the auto provisioning at regular intervals."
    Settings that change at every pass make a phone restart what it does every hour.
    Given phones that the server knows
    When each of them provisions twice
    Then the second time changes nothing

  @FIP-CFG-023 @should @grade-A @needs-phones @each-protocol
  Scenario: Each line of the server's files is a setting or a comment
    Guide, "Editing Common CFG File": "Each line must use the following format and adhere to the following rules:"
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "malformed-line"

  @FIP-CFG-024 @should @grade-A @needs-phones @each-protocol
  Scenario: No line has two settings
    Guide, "Editing Common CFG File": "Set only one configuration parameter per line."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "glued-settings"

  @FIP-CFG-025 @should @grade-C @needs-phones @each-protocol
  Scenario: No setting is made twice in one file
    Guide, "Editing Common CFG File": "Set only one configuration parameter per line."
    Which of the two counts, the guide does not say.
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "duplicate-key"

  @FIP-CFG-026 @should @grade-C @needs-phones @each-protocol
  Scenario: No placeholder is left in the server's files
    Guide, "Creating a New CFG File": "Copy configuration parameters from the template configuration files and set valid values for them."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "template-text"

  @FIP-CFG-027 @should @grade-C @needs-phones @each-protocol
  Scenario: The mark of a conflict between versions is not served
    Guide, "Editing Common CFG File": "Each line must use the following format and adhere to the following rules:"
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "conflict-marker"

  @FIP-CFG-028 @should @grade-A @needs-phones @each-protocol
  Scenario: The accounts are those that the model has
    Guide, "Editing MAC-Oriented CFG File": "FIP11C(P): X ranges from 1 to 3. FIP13G: X ranges from 1 to 4. FIP14G: X ranges from 1 to 8. FIP15G: X ranges from 1 to 9."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "account-out-of-range"

  @FIP-CFG-029 @should @grade-B @needs-phones @each-protocol
  Scenario: An account that is enabled has a server, a user and a password
    Guide, "Obtaining Phone Information": "This may include SIP credentials such as user name, password and IP address of the SIP server."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "account-incomplete"

  @FIP-CFG-030 @should @grade-B @needs-phones @each-protocol
  Scenario: A setting that wants a URL has one
    Guide, "Creating a New CFG File": "Copy configuration parameters from the template configuration files and set valid values for them."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "bad-url"

  @FIP-CFG-031 @should @grade-B @needs-phones @each-protocol
  Scenario: A setting that wants a port has one
    Guide, "Editing MAC-Oriented CFG File": "Specify the port for the SIP server. The default value is 5060."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "bad-port"

  @FIP-CFG-032 @should @grade-C @needs-phones @each-protocol
  Scenario: The server's files are in UTF-8
    RFC 3629 §1: "UTF-8, the object of this memo, has a one-octet encoding unit."
    Given phones that the server knows
    When each of them provisions
    Then no line of their files is "not-utf8"

  @FIP-CFG-033 @must @grade-A @needs-phones @each-protocol
  Scenario: A phone that the server does not know is not given another phone's account
    Guide, "Editing MAC-Oriented CFG File": "The MAC-Oriented CFG file is only effective for the specific phone."
    What else a server has for phones that it does not know, is its affair.
    Given phones that the server knows
    When a phone that it does not know provisions
    Then that phone holds no account of theirs

  @FIP-CFG-034 @must @grade-A @needs-phones @needs-change @each-protocol
  Scenario: A phone holds after its next pass what the server was changed to
    Guide, "Repeatedly": "The IP phone performs the auto provisioning at regular intervals."
    Given a phone that the server knows has provisioned
    When the server changes its settings
    And that phone provisions again
    Then it holds what is meant for it now
