// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {INonfungiblePositionManager} from "../../../contracts/interfaces/INonfungiblePositionManager.sol";
import {IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3Pool.sol";
import {Listing} from "../../../contracts/market/Listing.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";
import {PlainToken} from "../mocks/PlainToken.sol";

/// @notice What Uniswap has and the contracts do not need.
interface IFactory {
    function getPool(address a, address b, uint24 fee) external view returns (address);
    function createPool(address a, address b, uint24 fee) external returns (address);
}

interface IPool is IUniswapV3Pool {
    function initialize(uint160 sqrtPriceX96) external;
    function liquidity() external view returns (uint128);
}

interface IPositions is INonfungiblePositionManager {
    function ownerOf(uint256 tokenId) external view returns (address);
    function positions(uint256 tokenId)
        external
        view
        returns (
            uint96 nonce,
            address operator,
            address token0,
            address token1,
            uint24 fee,
            int24 tickLower,
            int24 tickUpper,
            uint128 liquidity,
            uint256 growth0,
            uint256 growth1,
            uint128 owed0,
            uint128 owed1
        );
}

/// @notice Adds Uniswap v3 as npm has it, bytecode and all, and the listing contract.
abstract contract UniswapTest is BaseTest {
    string private constant PACKAGES = "node_modules/@uniswap/";
    uint24 internal constant FEE = 3000;
    int24 internal constant SPACING = 60;
    uint256 internal constant NEVER = type(uint256).max;

    IFactory internal factory;
    IPositions internal manager;
    Listing internal listing;

    function setUp() public virtual override {
        super.setUp();
        factory = IFactory(_deploy("v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory", ""));
        manager = IPositions(
            _deploy(
                "v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager",
                abi.encode(factory, makeAddr("weth"), makeAddr("descriptor"))
            )
        );
        listing = new Listing(address(ledger), address(factory), address(manager));
    }

    function _deploy(string memory artifact, bytes memory arguments) private returns (address deployed) {
        bytes memory code = bytes.concat(creationCode(artifact), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), "not deployed");
    }

    function creationCode(string memory artifact) internal view returns (bytes memory) {
        return vm.parseJsonBytes(vm.readFile(string.concat(PACKAGES, artifact, ".json")), ".bytecode");
    }

    /// @dev Another reward token on the other side of the facade of the full box, so that both orders are seen.
    function useOrder(BoxId id, bool positionIs0) internal {
        bytes memory code = address(token).code;
        address facade = ledger.facadeOf(id);
        address at = positionIs0 ? address(type(uint160).max - 9) : address(0x1009);
        require(positionIs0 == (facade < at), "facade at an extreme");
        vm.etch(at, code);
        token = PlainToken(at);
        index = ledger.register(termsOf(at, address(source)));
    }
}
