import { randomUUID } from "node:crypto";
import { escapeXml } from "./xml.js";
import { addressing, soap, wsse, wsu } from "./namespaces.js";

/** An error that is sent as a SOAP 1.2 fault (SOAP Part 1 §5.4). `code`, a name in `namespace`, is the subcode. */
export class SoapFault extends Error {
  constructor(
    readonly namespace: string,
    readonly code: string,
    reason: string,
  ) {
    super(reason);
  }
}

export interface SoapHeader {
  readonly action: string;
  /** The ID of the request message. */
  readonly relatesTo?: string;
  /** Seconds since the epoch. */
  readonly now: number;
}

/** Wraps a response in an envelope with WS-Addressing 1.0 headers and a WS-Security timestamp valid for five minutes. */
export function soapEnvelope({ action, relatesTo, now }: SoapHeader, body: string): string {
  return `<s:Envelope xmlns:s="${soap}" xmlns:a="${addressing}" xmlns:u="${wsu}"><s:Header><a:Action s:mustUnderstand="1">${action}</a:Action>${
    relatesTo === undefined ? "" : `<a:RelatesTo>${escapeXml(relatesTo)}</a:RelatesTo>`
  }<o:Security s:mustUnderstand="1" xmlns:o="${wsse}"><u:Timestamp u:Id="_${randomUUID()}"><u:Created>${isoTime(now)}</u:Created><u:Expires>${isoTime(now + 300)}</u:Expires></u:Timestamp></o:Security></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
}

/** Wraps a fault in an envelope. */
export function faultEnvelope(fault: SoapFault, header: Omit<SoapHeader, "action">): string {
  const body = `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:f="${fault.namespace}">f:${fault.code}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">${escapeXml(fault.message)}</s:Text></s:Reason></s:Fault>`;
  return soapEnvelope({ ...header, action: `${addressing}/soap/fault` }, body);
}

/** Formats a time, for example `2026-11-21T06:44:11.000Z`. */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
