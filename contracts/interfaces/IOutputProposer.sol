// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The proposer of the L2OutputOracle. Answers every view of the oracle, so that a proposer written for the
///         oracle runs against this contract unchanged.
interface IOutputProposer {
    error NotOperator(address caller, address operator);
    error ZeroOutputRoot(uint256 l2BlockNumber);
    /// @notice The operator stakes nothing: ether sent along would be lost in the oracle.
    error ValueNotAccepted(uint256 given);
    error OracleHasNoCode(address oracle);
    error ZeroOperator();

    /// @notice Proposes an output root. Only the operator may.
    /// @param l1BlockHash When not 0, the hash that L1 block `l1BlockNumber` must have.
    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable;

    function ORACLE() external view returns (address);

    function OPERATOR() external view returns (address);
}
