// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The payout address of one L2 recipient on L1. Whatever arrives can go to the recipient and nowhere else.
/// @dev Ether may arrive without a call (as a fee recipient or a withdrawal address), before or after deployment, and
///      with a 2,300 gas stipend.
interface IPayoutForwarder {
    error NotFactory(address caller, address factory);

    function FACTORY() external view returns (address);

    function BRIDGE() external view returns (address);

    function RECIPIENT() external view returns (address);

    /// @notice Bridges the whole balance of a token. Only the factory, which knows the pairs, may call.
    function forwardToken(address l1Token, address l2Token, uint32 minGasLimit)
        external
        returns (uint256 amount);

    /// @notice Bridges the whole balance of ether. Only the factory may call.
    function forwardEther(uint32 minGasLimit) external returns (uint256 amount);

    receive() external payable;
}
