Feature: Lost and doubled TFTP packets

  @FIP-TFTP-020 @must @grade-A @needs-tftp
  Scenario: The first answer is sent again when it was lost
    RFC 1350 §2: "If a packet gets lost in the network, the intended recipient will timeout and may retransmit his last packet ..., thus causing the sender of the lost packet to retransmit that lost packet."
    Given a file of several blocks
    When it is read over TFTP as phones ask, and the first answer is lost
    Then the first answer came again in time

  @FIP-TFTP-021 @must @grade-A @needs-tftp
  Scenario Outline: A block is sent again until it is acknowledged: <block>
    RFC 1350 §2: "The sender has to keep just one packet on hand for retransmission"; in mid-transfer phones wait for it, as libcurl does.
    Given a file of several blocks
    When it is read over TFTP, and <block> is lost
    Then the lost block came again in time

    Examples:
      | block   |
      | block 1 |
      | block 2 |

  @FIP-TFTP-022 @must @grade-A @needs-tftp
  Scenario: The last block is sent again when it was lost
    RFC 1350 §6: "The host sending the last DATA must retransmit it until the packet is acknowledged or the sending host times out."
    Given a file of several blocks
    When it is read over TFTP, and the last block is lost
    Then the lost block came again in time

  @FIP-TFTP-023 @should @grade-A @needs-tftp
  Scenario: An acknowledgement that comes twice does not double the transfer
    RFC 1123 §4.2.3.1: "the sender (i.e., the side originating the DATA packets) must never resend the current DATA packet on receipt of a duplicate ACK".
    Given a file of several blocks
    When it is read over TFTP, and every acknowledgement arrives twice
    Then every block came once

  @FIP-TFTP-027 @must @grade-A @needs-tftp
  Scenario: An acknowledgement that comes late is not taken for that of the next block
    RFC 1350 §2: "Each data packet contains one block of data, and must be acknowledged by an acknowledgment packet before the next packet can be sent."
    The phone acknowledges once more when it waits too long. If the block that it waits for was lost, it would never come.
    Given a file of several blocks
    When it is read over TFTP, and the acknowledgement of block 1 comes once more after block 2
    Then block 3 did not come before block 2 was acknowledged

  @FIP-TFTP-024 @must @grade-A @needs-tftp
  Scenario: A request that arrives twice does not spoil the transfer
    RFC 1350 §4: a doubled request makes two transfers; the phone goes on with the first, and answers the other one with an error "while not disturbing the transfer".
    Given a file of several blocks
    When it is read over TFTP, and the request arrives twice
    Then the file came whole

  @FIP-TFTP-025 @should @grade-B @needs-tftp
  Scenario: A block is not sent again at once
    RFC 1123 §4.2.3.2: "A TFTP implementation MUST use an adaptive timeout."
    Given a file of several blocks
    When it is read over TFTP, and block 2 is acknowledged late
    Then at most 4 copies of it came in a second

  @FIP-TFTP-026 @must @grade-A @needs-tftp
  Scenario: An acknowledgement that comes twice does not end the transfer
    RFC 1123 §4.2.3.1: what a sender of DATA does "on receipt of a duplicate ACK" is not to send again; networks double packets, and nothing lets it give up.
    Given a file of several blocks
    When it is read over TFTP, and every acknowledgement arrives twice
    Then the file came whole
