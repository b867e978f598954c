// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The totals of one day, as in the report, which has them flat.
struct Totals {
    uint32 lastHeight;
    bytes32 lastBlockHash;
    uint256 work;
    uint128 subsidy;
    uint128 fees;
    uint128 cappedFees;
    uint128 medianFee;
}

/// @notice How a relay that proves days writes them.
interface IProvenDays {
    /// @notice Writes the proven totals of a day. Only the network's prover. Days arrive in order, each once.
    function prove(uint32 network, uint24 day, Totals calldata totals) external;

    /// @notice A day without blocks: carries the values (and the statement) of the day before.
    function proveEmpty(uint32 network, uint24 day) external;
}
