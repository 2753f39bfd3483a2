export { connect } from "./connection/connect.js";
