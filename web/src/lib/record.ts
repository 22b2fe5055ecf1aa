/** The record of incidents, as the service tells it. */

export interface Claim {
  number: number;
  by: string;
  of: string;
  said: string;
  source: string;
  verdict: string;
  why: string[];
}

export interface Statement {
  id: string;
  party: string;
  verdict: string | null;
  text: string;
  claimed: string;
  existed_by: number | null;
  not_before: number | null;
  witnesses: Record<string, number>;
  retracted: boolean;
  replies_to: string[];
  detection: string | null;
  events: string[];
  evidence: { name: string; digest: string; state: string }[];
  claims: Claim[];
}

export interface Finding {
  rule: string;
  outcome: string;
  why: string;
  among: string;
  claims: number[];
}

export interface Incident {
  id: string;
  repeated: boolean;
  statements: Statement[];
  findings: Finding[];
  problems: string[];
  lacking: string[];
}

export interface Listed {
  id: string;
  text: string | null;
  claimed: string | null;
  statements: number;
  events: string[];
}
