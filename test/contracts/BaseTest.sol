// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {IProvenDays} from "../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../contracts/interfaces/IRewardIndex.sol";
import {Ledger} from "../../contracts/ledger/Ledger.sol";
import {RewardIndex} from "../../contracts/oracle/RewardIndex.sol";
import {Box, BoxId, Boxes} from "../../contracts/types/BoxId.sol";
import {ManualSource} from "./mocks/ManualSource.sol";
import {PlainToken} from "./mocks/PlainToken.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Deploys the system and names the actors. Epochs are days; the clock begins at epoch `FIRST_EPOCH`.
abstract contract BaseTest is Test {
    uint24 internal constant FIRST_EPOCH = 18_742;
    uint32 internal constant EPOCH_SECONDS = 100;
    uint32 internal constant DISPUTE_SECONDS = 30;
    uint40 internal constant START = 1_000_000;
    uint128 internal constant PETAHASH = 1e15;
    /// @dev What 1 PH/s does in a day.
    uint128 internal constant UNIT_WORK = 86_400 * PETAHASH;
    uint64 internal constant TICK = 1e9;
    /// @dev 58,000 and 6,000 satoshi per PH/s and day.
    uint64 internal constant SUBSIDY_CAP = 58_000e9;
    uint64 internal constant FEES_CAP = 6000e9;
    uint8 internal constant BOTH = 3;
    uint32 internal constant BTC = 1;

    address internal timelock = makeAddr("timelock");
    address internal miner = makeAddr("miner");
    address internal buyer = makeAddr("buyer");
    address internal anyone = makeAddr("anyone");
    /// @dev Of the networks that let days be proven, or voided.
    address internal prover = makeAddr("prover");
    address internal challenger = makeAddr("challenger");

    RewardIndex internal rewardIndex;
    Ledger internal ledger;
    ManualSource internal source;
    PlainToken internal token;
    /// @dev The index over `source`, in `token`, with the caps above.
    uint32 internal index;

    uint256[] internal keys;

    function setUp() public virtual {
        vm.warp(START);
        keys = signerKeys(4);
        rewardIndex = deployRewardIndex(1, addressesOf(keys));
        ledger = new Ledger();
        source = new ManualSource();
        token = new PlainToken();
        index = ledger.register(termsOf(address(token), address(source)));
    }

    /* INDEX */

    function deployRewardIndex(uint8 faultTolerance, address[] memory signers)
        internal
        returns (RewardIndex)
    {
        return deployRewardIndex(networkConfig(faultTolerance, signers));
    }

    function deployRewardIndex(IRewardIndex.NetworkConfig memory config) internal returns (RewardIndex) {
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](1);
        networks[0] = config;
        return new RewardIndex(IRewardIndex.Clock(FIRST_EPOCH, START, EPOCH_SECONDS), timelock, networks);
    }

    function networkConfig(uint8 faultTolerance, address[] memory signers)
        internal
        view
        returns (IRewardIndex.NetworkConfig memory)
    {
        return networkConfig(IRewardIndex.NetworkClass.Attested, faultTolerance, signers);
    }

    function networkConfig(IRewardIndex.NetworkClass class, uint8 faultTolerance, address[] memory signers)
        internal
        view
        returns (IRewardIndex.NetworkConfig memory)
    {
        bool attested = class == IRewardIndex.NetworkClass.Attested;
        return IRewardIndex.NetworkConfig({
            name: "BTC",
            unit: "1 PH/s",
            class: class,
            unitWork: UNIT_WORK,
            prover: attested ? address(0) : prover,
            challenger: attested ? challenger : address(0),
            firstDay: FIRST_EPOCH,
            disputeSeconds: DISPUTE_SECONDS,
            faultTolerance: faultTolerance,
            signers: signers
        });
    }

    /// @dev Keys of `count` signers, ascending by address.
    function signerKeys(uint256 count) internal returns (uint256[] memory sorted) {
        sorted = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            (, uint256 key) = makeAddrAndKey(string.concat("signer", vm.toString(i)));
            uint256 hole = i;
            while (hole > 0 && vm.addr(sorted[hole - 1]) > vm.addr(key)) {
                sorted[hole] = sorted[hole - 1];
                hole--;
            }
            sorted[hole] = key;
        }
    }

    function addressesOf(uint256[] memory keys_) internal pure returns (address[] memory addresses) {
        addresses = new address[](keys_.length);
        for (uint256 i = 0; i < keys_.length; i++) {
            addresses[i] = vm.addr(keys_[i]);
        }
    }

    function endOf(uint24 day) internal pure returns (uint256) {
        return START + uint256(day + 1 - FIRST_EPOCH) * EPOCH_SECONDS;
    }

    /// @dev A day like one of 2021: 148 EH/s, 900 BTC of subsidy.
    function reportFor(uint24 day) internal pure returns (IRewardIndex.Report memory) {
        return IRewardIndex.Report({
            network: BTC,
            day: day,
            round: 1,
            lastHeight: 680_000,
            lastBlockHash: keccak256(abi.encode(day)),
            work: 148_000 * uint256(PETAHASH) * 86_400,
            subsidy: 900e8,
            fees: 152e8,
            cappedFees: 150e8,
            medianFee: 1e8,
            poolRowsRoot: keccak256("rows")
        });
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev By the first `count` signers.
    function signAll(uint256[] memory keys_, uint256 count, bytes32 digest)
        internal
        pure
        returns (bytes memory signatures)
    {
        for (uint256 i = 0; i < count; i++) {
            signatures = bytes.concat(signatures, sign(keys_[i], digest));
        }
    }

    /// @dev What the report of the day says.
    function totalsFor(uint24 day) internal pure returns (IProvenDays.Totals memory) {
        IRewardIndex.Report memory report = reportFor(day);
        return IProvenDays.Totals({
            lastHeight: report.lastHeight,
            lastBlockHash: report.lastBlockHash,
            work: report.work,
            subsidy: report.subsidy,
            fees: report.fees,
            cappedFees: report.cappedFees,
            medianFee: report.medianFee
        });
    }

    function attestDay(uint24 day) internal {
        IRewardIndex.Report memory report = reportFor(day);
        vm.warp(endOf(day));
        rewardIndex.attest(report, signAll(keys, 3, rewardIndex.hashReport(report)));
    }

    /* LEDGER */

    function termsOf(address token_, address source_) internal pure returns (ILedger.IndexTerms memory) {
        uint64[] memory caps = new uint64[](2);
        (caps[0], caps[1]) = (SUBSIDY_CAP, FEES_CAP);
        return ILedger.IndexTerms({
            name: "BTC",
            unit: "1 PH/s",
            token: token_,
            source: source_,
            network: BTC,
            firstEpoch: FIRST_EPOCH,
            tick: TICK,
            caps: caps
        });
    }

    /// @dev LONG of everything the index earns in `length` epochs from its first one on.
    function fullLong(uint24 length) internal view returns (BoxId) {
        return longOf(FIRST_EPOCH, FIRST_EPOCH + length);
    }

    /// @dev LONG of everything the index earns from one epoch to another.
    function longOf(uint24 start, uint24 end) internal view returns (BoxId) {
        return Boxes.pack(Box(false, BOTH, index, start, end, 0, Boxes.MAX_STRIKE));
    }

    function fund(address who, uint256 amount) internal {
        token.mint(who, amount);
        vm.prank(who);
        token.approve(address(ledger), type(uint256).max);
    }

    function escrowAs(address who, BoxId long, uint128 quantity) internal returns (uint256 cash) {
        fund(who, ledger.previewEscrow(long, quantity));
        vm.prank(who);
        return ledger.escrow(long, quantity, who, who);
    }

    /// @return parts Of the first part, then of the second.
    function cutTwice(
        address who,
        BoxId whole,
        ILedger.Axis[2] memory axes,
        uint64[2] memory at,
        uint128 quantity
    ) internal returns (BoxId[4] memory parts) {
        vm.startPrank(who);
        (BoxId first, BoxId second) = ledger.split(whole, axes[0], at[0], quantity);
        (parts[0], parts[1]) = ledger.split(first, axes[1], at[1], quantity);
        (parts[2], parts[3]) = ledger.split(second, axes[1], at[1], quantity);
        vm.stopPrank();
    }

    /// @dev Lets `source` say it and pokes it.
    function pokeWith(uint256 subsidy, uint256 fees) internal {
        uint256[] memory rewards = new uint256[](2);
        (rewards[0], rewards[1]) = (subsidy, fees);
        source.set(BTC, ledger.pokedUntil(index), rewards);
        ledger.poke(index);
    }

    function balanceOf(address who, BoxId id) internal view returns (uint256) {
        return ledger.balanceOf(who, BoxId.unwrap(id));
    }

    function supplyOf(BoxId id) internal view returns (uint256) {
        return ledger.totalSupply(BoxId.unwrap(id));
    }
}
