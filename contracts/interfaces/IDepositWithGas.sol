// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Brings a token to L2 and ether to pay gas with there, to the same recipient, in one transaction: both are on their way or neither.
/// @dev No owner, and nothing of anybody's between transactions. The L2 token is looked up in the factory of payout addresses, whose pairs are
///      fixed: no caller can name a wrong one, to which his coins would be lost.
///
///      Who sends on L2: both messages come from this contract, through the bridge. On L2 the `from` of the bridge's events is its address on
///      L1, which nobody has the key of there, and nothing is ever paid to it: what cannot be delivered waits in L2's messenger and may be
///      replayed by anybody, to the same recipient. The recipient is always named. A contract that calls should name an account that it has
///      on L2: its own address there need not be its own.
interface IDepositWithGas {
    /// @notice EIP-2612. `value` is what the signature allows.
    struct Permit {
        uint256 value;
        uint256 deadline;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    event DepositedWithGas(
        address indexed sender,
        address indexed recipient,
        address indexed l1Token,
        uint256 amount,
        uint256 etherAmount
    );

    error FactoryHasNoCode(address factory);
    error ZeroRecipient();
    error ZeroAmount();
    error NoEther();
    error TokenNotPaired(address l1Token);
    error NotAllArrived(address l1Token, uint256 arrived, uint256 amount);
    error NotAllBridged(address l1Token, uint256 bridged, uint256 amount);

    /// @notice The factory whose pairs hold here.
    function PAIRS() external view returns (address);

    /// @notice The L1 standard bridge.
    function BRIDGE() external view returns (address);

    /// @notice Takes `amount` of a token from the caller, who has allowed it, and sends it to `recipient` on L2 together with the ether of this call.
    function deposit(address l1Token, address recipient, uint256 amount) external payable;

    /// @notice The same with a signature of the caller in place of an allowance. A signature that somebody else has used up already does no harm.
    function depositWithPermit(address l1Token, address recipient, uint256 amount, Permit calldata permit)
        external
        payable;
}
