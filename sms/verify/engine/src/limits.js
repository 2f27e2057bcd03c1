/** Bounds of what strangers send; the same as in core/certificates. */

/** Characters; the largest QR code holds 4,296. */
export const MAX_TEXT = 8 * 1024;
/** Bytes of CBOR, and of what zlib may give. */
export const MAX_BYTES = 16 * 1024;
/** Arrays, maps and tags around a value. */
export const MAX_DEPTH = 16;
/** The end of the year 9999, in seconds since 1970: the last that the server's clock can hold. */
export const LATEST_SECOND = 253_402_300_799;
/** Characters shown of any field; the EU's schema allows 80. */
export const LONGEST_FIELD = 200;
/** Bytes of one signed list. */
export const MAX_DOCUMENT = 32 * 1024 * 1024;
