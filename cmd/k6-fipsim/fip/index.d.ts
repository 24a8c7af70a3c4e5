/** A virtual Flyingvoice FIP desk phone as a k6 iteration. See docs/k6.md. */
declare module 'k6/x/fip' {
  /** What fip.phone takes. One that is unknown is an exception. */
  export interface PhoneOptions {
    /** The phone's MAC, in any usual spelling. */
    mac: string;
    /** The provisioning URL, as typed into the phone: tftp, ftp, http or https. Not with discovery 'pnp'. */
    server?: string;
    /** How the phone finds its server; 'static' without it. */
    discovery?: 'static' | 'pnp';
    /** With discovery 'pnp': where the SUBSCRIBE goes, HOST:PORT; the multicast group without it. */
    pnp?: string;
    /** FIP14G without it. */
    model?: string;
    /** V0.5.15 without it. */
    firmware?: string;
    /** Shown to a server that asks; that of the URL without it. */
    user?: string;
    password?: string;
    /** What the phone must hold after a pass: lines of key=value; $(MA) is its MAC. What differs is in Pass.wrong. */
    expect?: string;
    /** Send from the addresses of this network that the machine has, in turn: '10.1.0.0/24'. */
    local?: string;
    /** Certificates to trust instead of the machine's own, as PEM: open('ca.pem'). */
    ca?: string;
    /** Do not check the server's certificate. */
    insecure?: boolean;
    /** Show secrets in Pass.settings, which masks them otherwise. */
    showSecrets?: boolean;
    /** Another behaviour on points where the guide is silent: { tftp_sends: 2, include_missing: 'abort' }. */
    behaviour?: Record<string, string | number | string[] | number[]>;
  }

  /** Why a phone provisions. */
  export type Trigger = 'power-on' | 'interval' | 'save-and-apply' | 'check-sync' | 'check-sync-reboot';

  /** How a pass ended. */
  export type Outcome = 'provisioned' | 'unchanged' | 'nothing-found' | 'failed';

  /** A part of a pass that is measured; metrics are named after it. */
  export type Stage =
    | 'discovery'
    | 'common_boot'
    | 'mac_boot'
    | 'common_cfg'
    | 'mac_cfg'
    | 'other_cfg'
    | 'resource'
    | 'merge';

  /** A file that the phone asked for. */
  export interface File {
    readonly name: string;
    readonly stage: Stage;
    readonly protocol: string;
    readonly outcome: 'done' | 'missing' | 'failed';
    /** Why it failed, in one word; empty where it did not. */
    readonly fault: string;
    readonly bytes: number;
    /** Milliseconds from the first request to the last byte. */
    readonly duration: number;
  }

  /** What became of one pass. */
  export interface Pass {
    readonly mac: string;
    /** Served, and with the settings that were expected. */
    readonly ok: boolean;
    readonly outcome: Outcome;
    /** Why it failed, in one word; 'local': this machine did, and nothing can be said of the server. */
    readonly fault: string;
    /** The same for a person. */
    readonly error: string;
    /** The server's URL, without credentials. */
    readonly server: string;
    /** Differences from PhoneOptions.expect. */
    readonly wrong: readonly string[];
    /** Milliseconds; of a stage with several files, their sum. */
    readonly timings: Readonly<{ pass: number } & Partial<Record<Stage, number>>>;
    readonly files: readonly File[];
    /** What the phone suffers silently: FILE:LINE: what. */
    readonly findings: readonly string[];
    /** What the phone holds now, by key. */
    readonly settings: Readonly<Record<string, string | undefined>>;
  }

  /** A phone. It keeps what it holds for as long as the script keeps it. */
  export interface Phone {
    readonly mac: string;
    /** One pass; 'power-on' without a trigger. It blocks its VU. A failure is a result, not an exception. */
    provision(options?: { trigger?: Trigger }): Pass;
  }

  /** Makes a phone that holds nothing yet. */
  export function phone(options: PhoneOptions): Phone;

  /**
   * The MAC so many places after first (0221f2000000 without it), as twelve digits. Without an index it is the
   * iteration's place in the whole test, over all execution segments: no two iterations of a scenario share a phone.
   */
  export function mac(first?: string, index?: number): string;

  const fip: { phone: typeof phone; mac: typeof mac };
  export default fip;
}
