// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice The proposer of the L2OutputOracle. The operator proposes at any time; once it is silent anybody does, with a bond.
///         Answers every view of the oracle, so that a proposer written for the oracle runs against this contract unchanged.
interface IOutputProposer {
    /// @param proposer Whose ether it is while nothing speaks against the root. 0 where there is no such bond, or no more.
    struct Bond {
        address proposer;
        uint64 proposedAt;
        bytes32 outputRoot;
        uint256 l2BlockNumber;
    }

    /// @notice What the chain says of a bond. Once it says `Returned` or `Forfeited` it never says anything else.
    enum Verdict {
        Open,
        Returned,
        Forfeited
    }

    error OracleHasNoCode(address oracle);
    error ZeroOperator();
    error ZeroSilence();
    error ZeroWindow();
    error ZeroBond();
    error ZeroOutputRoot(uint256 l2BlockNumber);
    /// @notice The operator stakes nothing: ether sent along would be lost in the oracle.
    error ValueNotAccepted(uint256 given);
    error WrongBond(uint256 given, uint256 required);
    error OperatorNotSilent(uint256 nowIs, uint256 silentFrom);
    error BlockTooYoung(uint256 nowIs, uint256 oldEnoughFrom);
    error NoSuchBond(uint256 bondId);
    error BondOpen(uint256 bondId);
    error NothingToClaim(address owner);
    error ZeroRecipient();

    event OperatorProposed(uint256 indexed l2BlockNumber, bytes32 indexed outputRoot);
    event BondPosted(
        uint256 indexed bondId, address indexed proposer, uint256 indexed l2BlockNumber, bytes32 outputRoot
    );
    event BondSettled(uint256 indexed bondId, address indexed recipient, Verdict verdict);
    event Claimed(address indexed owner, address indexed to, uint256 amount);

    /// @notice Proposes an output root. The operator sends no ether and may do so at any time. Everybody else sends exactly
    ///         `BOND`, once the operator is silent and the block is old enough: see `openFrom`.
    /// @dev The oracle decides the rest, in its own words: the block must be its next one and be due. A root that is not L2's
    ///      costs the bond. One who derived it from L1 has nothing to lose as long as the challenger lets no wrong root
    ///      mature: deletion, and any number of later proposals by anybody, leave the bond as it was.
    /// @param l1BlockHash When not 0, the hash that L1 block `l1BlockNumber` must have. Name the L1 block that the root was
    ///        derived from: should L1 give it up, the oracle refuses the root.
    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable;

    /// @notice Books a bond to whom it belongs now. Anybody may call, at any time after the verdict.
    /// @dev The output that matures for the bond's L2 block, at any index, within `BOND_SECONDS` of the proposal decides: the same
    ///      root returns the bond, another one gives it to the oracle's challenger. None returns it.
    function settle(uint256 bondId) external returns (address recipient);

    /// @notice Sends all that is booked to the caller to `to`.
    function claim(address to) external returns (uint256 amount);

    /// @notice What `settle` would do now. Reverts for a bond that is settled or was never posted.
    function verdictOf(uint256 bondId) external view returns (Verdict);

    /// @notice When somebody else than the operator may propose `l2BlockNumber`: `SILENCE_SECONDS` after the operator was last heard, and
    ///         `WINDOW_SECONDS` after the block was due.
    /// @dev Other people's proposals break no silence, or one root a silence is all they could ever add.
    function openFrom(uint256 l2BlockNumber) external view returns (uint256);

    /// @notice When the operator's newest output was proposed, or this contract made; 0 when that output has been deleted, so that
    ///         wrong roots can't keep everybody else out.
    function operatorHeardAt() external view returns (uint256);

    function bondOf(uint256 bondId) external view returns (Bond memory);

    /// @notice How many bonds were ever posted. Their ids are 0 and up.
    function bondsPosted() external view returns (uint256);

    /// @notice Wei that `owner` may claim.
    function creditOf(address owner) external view returns (uint256);

    function ORACLE() external view returns (address);

    function OPERATOR() external view returns (address);

    /// @notice How long the operator proposes nothing before others may.
    function SILENCE_SECONDS() external view returns (uint256);

    /// @notice L2's sequencing window. What is older is decided by L1 alone, and anybody can derive it.
    function WINDOW_SECONDS() external view returns (uint256);

    /// @notice Wei.
    function BOND() external view returns (uint256);

    /// @notice How long a bond waits for an output to mature.
    function BOND_SECONDS() external view returns (uint256);
}
