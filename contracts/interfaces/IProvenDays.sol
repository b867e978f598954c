// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice How a network's prover writes days that follow from the chain itself.
interface IProvenDays {
    /// @notice The totals of one day over the blocks that belong to it.
    /// @param lastHeight Height of the day's closing block.
    /// @param lastBlockHash Its hash as explorers print it.
    /// @param work Sum of 2^256 / (target + 1).
    /// @param subsidy Base units of the reward token.
    /// @param fees Base units, as paid.
    /// @param cappedFees Base units after each block's fees were capped.
    /// @param medianFee The day's own lower median of the fees of a block.
    struct Totals {
        uint32 lastHeight;
        bytes32 lastBlockHash;
        uint256 work;
        uint128 subsidy;
        uint128 fees;
        uint128 cappedFees;
        uint128 medianFee;
    }

    /// @notice Stores a proven day. Only the network's prover may. Days arrive in order, each once.
    function prove(uint32 network, uint24 day, Totals calldata totals) external;

    /// @notice A day without blocks: carries the values, and the statement, of the day before.
    function proveEmpty(uint32 network, uint24 day) external;
}
