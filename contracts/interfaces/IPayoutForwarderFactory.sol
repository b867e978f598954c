// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Gives every L2 recipient a payout address on L1 that exists before anybody deploys it, and sweeps it.
/// @dev No owner. The token pairs are fixed at deployment: nobody can send a payout to a token that is not its own.
interface IPayoutForwarderFactory {
    struct TokenPair {
        address l1Token;
        address l2Token;
    }

    event ForwarderDeployed(address indexed recipient, address forwarder);

    event Swept(address indexed recipient, address indexed l1Token, uint256 amount);

    event EtherSwept(address indexed recipient, uint256 amount);

    error BridgeHasNoCode(address bridge);
    error ZeroRecipient();
    error ZeroToken();
    error DuplicateToken(address l1Token);
    error TokenNotPaired(address l1Token);
    error NothingToSweep(address forwarder);

    function BRIDGE() external view returns (address);

    /// @notice The L2 token that a payout in `l1Token` becomes; 0 when the token cannot be swept.
    function l2TokenOf(address l1Token) external view returns (address);

    /// @notice The address to give to a pool. It is the same before and after its contract is deployed.
    function forwarderOf(address recipient) external view returns (address);

    /// @notice Sends all of a token at the recipient's forwarder over the bridge. Anyone may.
    function sweep(address recipient, address l1Token) external returns (uint256 amount);

    /// @notice Sends all ether at the recipient's forwarder over the bridge. Anyone may.
    function sweepEther(address recipient) external returns (uint256 amount);
}
