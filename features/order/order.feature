Feature: Order of files, and which setting counts

  @FIP-ORD-001 @must @grade-A @needs-publish @each-protocol
  Scenario: Of two included files the later overrides the earlier
    Guide, "Editing Common Boot File": "The CFG files are downloaded in the order listed (top to bottom). The parameters in the newly downloaded configuration files will override the duplicate parameters in files downloaded earlier."
    Given the server publishes
      | file       | content                                               |
      | <mac>.boot | include:config <first.cfg>\ninclude:config <then.cfg> |
      | first.cfg  | lang.gui=<canary>-first                               |
      | then.cfg   | lang.gui=<canary>-then                                |
    When the phone provisions
    Then it holds "lang.gui" as "<canary>-then" and not as "<canary>-first"

  @FIP-ORD-002 @must @grade-A @needs-publish @each-protocol
  Scenario: The phone's own cfg file overrides the common one
    Guide, "Customizing Resource Files": "if you want to specify the desired phone to use the resource file, the access URL of the resource file should be specified in the MAC-Oriented CFG file."
    Given the server publishes
      | file              | content                  |
      | y000000000000.cfg | lang.gui=<canary>-common |
      | <mac>.cfg         | lang.gui=<canary>-own    |
    When the phone provisions
    Then it holds "lang.gui" as "<canary>-own" and not as "<canary>-common"

  @FIP-ORD-003 @must @grade-A @needs-publish @each-protocol
  Scenario: Each of several files in a row is another
    Guide, "Editing Common Boot File": "The CFG files are downloaded in the order listed (top to bottom)."
    Given the server publishes
      | file       | content                                                                                        |
      | <mac>.boot | include:config <a.cfg>\ninclude:config <b.cfg>\ninclude:config <c.cfg>\ninclude:config <d.cfg> |
      | a.cfg      | account.1.label=<canary>-a                                                                     |
      | b.cfg      | account.2.label=<canary>-b                                                                     |
      | c.cfg      | account.3.label=<canary>-c                                                                     |
      | d.cfg      | account.4.label=<canary>-d                                                                     |
    When the phone provisions
    Then it holds "account.1.label" as "<canary>-a"
    And it holds "account.2.label" as "<canary>-b"
    And it holds "account.3.label" as "<canary>-c"
    And it holds "account.4.label" as "<canary>-d"
