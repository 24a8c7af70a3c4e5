Feature: Forms of the server's URL

  @FIP-URL-001 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone is provisioned from a folder that its URL names
    Guide, "Configuring an HTTP Server": "Check the server URL (for example, http://10.2.11.101:8088/ProvisioningDir)"
    Given the server publishes
      | file                       | content                |
      | <mac>.boot                 | include:config <a.cfg> |
      | provisioningdir/<mac>.boot | include:config <b.cfg> |
      | provisioningdir/b.cfg      | lang.gui=<canary>      |
    When the phone provisions from "<base>provisioningdir"
    Then it was given "<mac>.boot"

  @FIP-URL-002 @must @grade-A @needs-publish @each-protocol
  Scenario: A phone whose URL names a folder is not given its files from another
    Guide, "Configuring an HTTP Server": "Check the server URL (for example, http://10.2.11.101:8088/ProvisioningDir)"
    Given the server publishes
      | file              | content                   |
      | <mac>.cfg         | lang.gui=<canary>-top     |
      | tenant1/<mac>.cfg | lang.gui=<canary>-tenant1 |
      | tenant2/<mac>.cfg | lang.gui=<canary>-tenant2 |
    When "tenant1/<mac>.cfg" is requested
    Then what was published as "<mac>.cfg" does not come
    And what was published as "tenant2/<mac>.cfg" does not come

  @FIP-URL-003 @must @grade-A @needs-publish @needs-credentials @needs-ftp @needs-http @needs-https @each-protocol
  Scenario: A phone whose URL carries the right user name and password is served
    Guide, "Configuring an FTP Server": "The server URL "ftp://username:password@IP/" (Here "IP" means the IP address of the provisioning server, "username" and "password" are the authentication for FTP download."
    Given the server publishes
      | file       | content                |
      | <mac>.boot | include:config <a.cfg> |
      | a.cfg      | lang.gui=<canary>      |
    When the phone provisions from the URL that asks for a password
    Then it was given "<mac>.boot"
