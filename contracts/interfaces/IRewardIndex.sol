// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRewardSource} from "./IRewardSource.sol";

/// @notice The oracle: what one unit of hashrate earned, day by day, as a quorum of signers saw it.
/// @dev Component 0 is the subsidy, component 1 the fees. Per component and day
///      `index = floor(reward * 86400 * unitHashes * 1e18 / work)`. Fees settle by their capped value; the raw one is
///      published beside it.
interface IRewardIndex is IRewardSource {
    /// @dev `Proven` and `Substituted` belong to networks whose class is not "attested".
    enum DayState {
        Open,
        Attested,
        Proven,
        Final,
        Substituted
    }

    /// @notice The epoch at time t is `firstEpoch + (t - start) / epochSeconds`, and `firstEpoch` before `start`.
    struct Clock {
        uint24 firstEpoch;
        uint40 start;
        uint32 epochSeconds;
    }

    /// @notice The totals of one day over the blocks that belong to it.
    /// @param round The attempt in which the signers agreed; the first quorum of any round counts.
    /// @param lastHeight Height of the day's closing block.
    /// @param work Sum of 2^256 / (target + 1).
    /// @param subsidy Base units of the reward token.
    /// @param fees Base units, as paid.
    /// @param cappedFees Base units after each block's fees were capped.
    /// @param medianFee The day's own lower median of the fees of a block.
    /// @param poolRowsRoot Merkle root of what the pools published, or 0.
    struct Report {
        uint32 network;
        uint24 day;
        uint32 round;
        uint32 lastHeight;
        bytes32 lastBlockHash;
        uint256 work;
        uint128 subsidy;
        uint128 fees;
        uint128 cappedFees;
        uint128 medianFee;
        bytes32 poolRowsRoot;
    }

    /// @param name For people, for example "BTC".
    /// @param unit For people, for example "1 PH/s".
    /// @param unitHashes Hashes per second in one unit.
    /// @param firstDay The first day that will be attested.
    /// @param disputeSeconds How long after its attestation a day becomes final.
    /// @param faultTolerance f: with 3f + 1 signers, 2f + 1 make a quorum.
    /// @param signers In any order; stored ascending.
    struct NetworkConfig {
        bytes32 name;
        bytes32 unit;
        uint128 unitHashes;
        uint24 firstDay;
        uint32 disputeSeconds;
        uint8 faultTolerance;
        address[] signers;
    }

    /// @param subsidyIndex Component 0.
    /// @param cappedFeesIndex Component 1.
    /// @param finalAt From this time on the day is final; 0 when it was never attested. What settles is one word with it.
    /// @param feesIndex The fees before the cap; settles nothing.
    struct Day {
        uint112 subsidyIndex;
        uint112 cappedFeesIndex;
        uint32 finalAt;
        uint112 feesIndex;
        uint40 attestedAt;
    }

    event NetworkAdded(
        uint32 indexed network, bytes32 name, bytes32 unit, uint128 unitHashes, uint24 firstDay
    );

    event SignersChanged(
        uint32 indexed network, bytes32 indexed configDigest, uint8 faultTolerance, address[] signers
    );

    /// @param reportDigest What the quorum signed.
    event DayAttested(
        uint32 indexed network,
        uint24 indexed day,
        bytes32 indexed reportDigest,
        uint112 subsidyIndex,
        uint112 cappedFeesIndex,
        uint112 feesIndex,
        Report report
    );

    error NoSuchNetwork(uint32 given, uint32 last);
    error EpochLengthZero();
    error UnitHashesZero();
    /// @notice Day 0 means "no day yet".
    error FirstDayZero();
    error FaultToleranceOutOfRange(uint8 given, uint8 max);
    error WrongSignerCount(uint256 given, uint256 required);
    error ZeroSigner();
    error DuplicateSigner(address signer);

    error NotTimelock(address caller, address timelock);

    /// @notice Days are attested one after the other, each once.
    error WrongDay(uint24 given, uint24 expected);
    /// @notice A day is attested only when the clock has left it.
    error DayNotOver(uint24 day, uint24 currentEpoch);
    error WorkZero();
    error CappedFeesAboveFees(uint128 cappedFees, uint128 fees);
    error IndexTooLarge(uint8 component, uint256 given, uint256 max);

    /// @notice Signatures are 65 bytes each, nothing between and nothing after them.
    error SignaturesMalformed(uint256 length);
    error QuorumMissed(uint256 given, uint256 required);
    /// @notice Not a signature, or the malleable twin of one (s in the upper half of the order).
    error InvalidSignature(uint256 position);
    /// @notice Recovered from the signature, and not in the set: another key, or it signed something else.
    error NotASigner(uint256 position, address recovered);
    /// @notice The same signer twice, or the order is not ascending by address.
    error SignersNotAscending(uint256 position, address recovered);

    /// @notice Accepts the totals of the next day of a network. Anyone may submit; the signatures are the authority.
    /// @param signatures At least 2f + 1 signatures over `hashReport(report)`, each `r (32) ‖ s (32) ‖ v (1)` with v 27
    ///        or 28, ascending by the signer's address (the order of `signersOf`).
    function attest(Report calldata report, bytes calldata signatures) external;

    /// @notice Replaces a network's signers. Only the timelock may. Changes the config digest, so that signatures
    ///         under the old set die with it; attested days stay.
    function changeSigners(uint32 network, uint8 faultTolerance, address[] calldata signers) external;

    function clock() external view returns (Clock memory);

    /// @notice The only authority, and only over signer sets.
    function timelock() external view returns (address);

    /// @notice Networks are numbered from 1 to this.
    function networkCount() external view returns (uint32);

    function networkOf(uint32 network) external view returns (NetworkConfig memory);

    /// @notice Ascending by address.
    function signersOf(uint32 network) external view returns (address[] memory);

    /// @notice How many signatures an attestation needs: 2f + 1.
    function quorumOf(uint32 network) external view returns (uint256);

    /// @notice keccak256(abi.encode(network, configCount, name, unit, unitHashes, firstDay, disputeSeconds,
    ///         faultTolerance, signers)). Chain id and contract are in the EIP-712 domain.
    function configDigest(uint32 network) external view returns (bytes32);

    function dayOf(uint32 network, uint24 day) external view returns (Day memory);

    function stateOf(uint32 network, uint24 day) external view returns (DayState);

    /// @notice 0 when no day has been attested.
    function lastAttestedDay(uint32 network) external view returns (uint24);

    /// @notice The EIP-712 digest that the signers sign.
    /// @dev Domain: name "Hashsand RewardIndex", version "1", chainId, verifyingContract. Type:
    ///      Report(bytes32 configDigest,uint32 network,uint24 day,uint32 round,uint32 lastHeight,bytes32 lastBlockHash,uint256 work,uint128 subsidy,uint128 fees,uint128 cappedFees,uint128 medianFee,bytes32 poolRowsRoot)
    function hashReport(Report calldata report) external view returns (bytes32);
}
