/** SQLSTATEs by name (manual, appendix A). Message text is never matched: it is translated and changes. */
export const INVALID_PASSWORD = "28P01";
export const INVALID_AUTHORIZATION = "28000";
export const INVALID_CATALOG_NAME = "3D000";
