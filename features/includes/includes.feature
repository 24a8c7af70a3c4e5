Feature: Includes of boot files

  @FIP-INC-001 @must @grade-A @needs-publish @each-protocol
  Scenario: A file in a folder below the boot file's is served
    Guide, "Editing Common Boot File": "Relative URL (relative to the boot file)"
    Given the server publishes
      | file                | content                              |
      | <mac>.boot          | include:config <floor/first/sip.cfg> |
      | floor/first/sip.cfg | lang.gui=<canary>                    |
    When the phone provisions
    Then it was given "floor/first/sip.cfg"

  @FIP-INC-002 @must @grade-A @needs-publish @each-protocol
  Scenario: A file in a folder whose name has a space is served
    Guide, "Editing Common Boot File": "For example, sip.cfg, HTTP Directory/sip.cfg"
    Given the server publishes
      | file                   | content                                                               |
      | <mac>.boot             | include:config <floor/a.cfg>\ninclude:config "http directory/sip.cfg" |
      | floor/a.cfg            | lang.gui=English                                                      |
      | http directory/sip.cfg | lang.gui=<canary>                                                     |
    When the phone provisions
    Then it was given "http directory/sip.cfg", as "floor/a.cfg" was

  @FIP-INC-003 @must @grade-A @needs-publish @each-protocol
  Scenario: An absolute URL in a boot file reaches the phone as it was written
    Guide, "Editing Common Boot File": "http://10.20.0.88/HTTP Directory/sip.cfg"
    Given the server publishes
      | file         | content                             |
      | <mac>.boot   | include:config "<base>absolute.cfg" |
      | absolute.cfg | lang.gui=<canary>                   |
    When "<mac>.boot" is requested
    Then what comes has "<base>absolute.cfg" in it

  @FIP-INC-004 @must @grade-A @needs-publish @needs-tftp @needs-http
  Scenario: A file that TFTP serves is served over HTTP too
    Guide, "Editing Common Boot File": "Absolute URL"
    Given the server publishes
      | file       | content                                |
      | <mac>.boot | include:config <<http-base>second.cfg> |
      | second.cfg | lang.gui=<canary>                      |
    When the phone provisions
    Then it was given "<http-base>second.cfg"

  @FIP-INC-005 @must @grade-A @needs-publish @each-protocol
  Scenario: A file is served again to the same phone
    Guide, "Editing Common Boot File": "The "include" statement can be repeated as many times as needed."
    Given the server publishes
      | file       | content                                                                |
      | <mac>.boot | include:config <a.cfg>\ninclude:config <b.cfg>\ninclude:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>-a                                                    |
      | b.cfg      | lang.gui=<canary>-b                                                    |
    When the phone provisions
    Then it was given "a.cfg" 2 times

  @FIP-INC-006 @must @grade-A @needs-publish @each-protocol
  Scenario: One phone is served forty files in a row
    Guide, "Editing Common Boot File": "The "include" statement can be repeated as many times as needed."
    Given the server publishes 40 cfg files, and a boot file that includes them
    When the phone provisions
    Then it was given "part-40.cfg", as "part-1.cfg" was
